package io.payhook.effects.template;

import io.payhook.kit.Currencies;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;

/**
 * An amount in a currency, formatted for people. It has the number of decimals that ISO 4217 gives
 * the currency, and more only if the amount itself has more: money is shown, never rounded.
 */
record Money(BigDecimal amount, String currency) {
  /** Symbols that are unambiguous only where the currency's customers are. */
  private static final Map<String, String> SIGNS =
      Map.ofEntries(
          Map.entry("NGN", "₦"),
          Map.entry("GHS", "GH₵"),
          Map.entry("KES", "KSh "),
          Map.entry("ZAR", "R "),
          Map.entry("UGX", "USh "),
          Map.entry("TZS", "TSh "),
          Map.entry("RWF", "FRw "),
          Map.entry("EGP", "E£"),
          Map.entry("XAF", "FCFA "),
          Map.entry("XOF", "F CFA "),
          Map.entry("USD", "$"),
          Map.entry("CAD", "CA$"),
          Map.entry("AUD", "A$"),
          Map.entry("EUR", "€"),
          Map.entry("GBP", "£"),
          Map.entry("INR", "₹"),
          Map.entry("JPY", "¥"),
          Map.entry("CNY", "CN¥"));

  static Money of(BigDecimal amount, String currency) {
    return new Money(amount, currency.strip().toUpperCase(Locale.ROOT));
  }

  /** This amount in the major unit, given that it counts the minor one. */
  Money ofMinor() {
    return new Money(amount.movePointLeft(Currencies.digits(currency)), currency);
  }

  boolean isWhole() {
    return amount.stripTrailingZeros().scale() <= 0;
  }

  String text(boolean symbol) {
    String minus = amount.signum() < 0 ? "-" : "";
    String sign = symbol ? SIGNS.getOrDefault(currency, currency + " ") : currency + " ";
    return minus
        + (sign.isBlank() ? "" : sign)
        + grouped(Currencies.normal(amount, currency).abs());
  }

  /** With commas between thousands, and all its decimals. */
  private static String grouped(BigDecimal amount) {
    return String.format(Locale.ENGLISH, "%,." + Math.max(0, amount.scale()) + "f", amount);
  }
}
