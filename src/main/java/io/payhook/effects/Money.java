package io.payhook.effects;

import java.math.BigDecimal;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Currency;
import java.util.Locale;
import java.util.Map;

/**
 * An amount in a currency, to be read by people. It has the decimals that ISO 4217 gives the
 * currency, and more only where the amount itself has more: money is shown, never rounded.
 */
record Money(BigDecimal amount, String currency) {
  private static final int USUAL_DECIMALS = 2;

  /** Signs that stand for one currency only where its customers are. */
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

  /** This amount, or if it counts the currency's minor unit, that many of the major one. */
  Money counted(boolean minor) {
    return minor ? new Money(amount.movePointLeft(decimals()), currency) : this;
  }

  String text(boolean symbol) {
    DecimalFormat format =
        new DecimalFormat("#,##0", DecimalFormatSymbols.getInstance(Locale.ENGLISH));
    BigDecimal plain = amount.stripTrailingZeros();
    int decimals = decimals();
    format.setMinimumFractionDigits(decimals);
    format.setMaximumFractionDigits(Math.max(decimals, plain.scale()));
    String minus = amount.signum() < 0 ? "-" : "";
    String sign = symbol ? SIGNS.getOrDefault(currency, currency + " ") : currency + " ";
    return minus + (sign.isBlank() ? "" : sign) + format.format(plain.abs());
  }

  private int decimals() {
    try {
      int digits = Currency.getInstance(currency).getDefaultFractionDigits();
      return digits < 0 ? USUAL_DECIMALS : digits;
    } catch (IllegalArgumentException e) {
      return USUAL_DECIMALS;
    }
  }
}
