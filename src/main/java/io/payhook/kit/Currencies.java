package io.payhook.kit;

import java.math.BigDecimal;
import java.util.Currency;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What ISO 4217 says of currencies, and how amounts of them are written. */
public final class Currencies {
  /** Most currencies', and what is taken for codes that ISO does not know. */
  private static final int USUAL_DIGITS = 2;

  /** No amount of money is longer; a number that is would be a burden wherever it is written. */
  private static final Pattern AMOUNT =
      Pattern.compile("[-+]?[0-9]{1,30}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{1,2})?");

  private static final int LARGEST_EXPONENT = 30;
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,3}");
  private static final Pattern LETTERS = Pattern.compile("[A-Z][A-Z0-9]{1,9}");

  private static final Map<String, String> BY_NUMBER = new HashMap<>();

  static {
    Currency.getAvailableCurrencies().forEach(Currencies::number);
    // Old and new currencies share numbers: what a country uses today counts.
    for (String country : Locale.getISOCountries()) {
      Currency used = Currency.getInstance(new Locale("", country));
      if (used != null) {
        number(used);
      }
    }
  }

  private Currencies() {}

  private static void number(Currency currency) {
    BY_NUMBER.put(
        String.format(Locale.ROOT, "%03d", currency.getNumericCode()), currency.getCurrencyCode());
  }

  /** How many decimals a currency's amounts have; 2 for a code that is not known. */
  public static int digits(@Nullable String code) {
    if (code == null) {
      return USUAL_DIGITS;
    }
    try {
      int digits = Currency.getInstance(code).getDefaultFractionDigits();
      return digits < 0 ? USUAL_DIGITS : digits;
    } catch (IllegalArgumentException e) {
      return USUAL_DIGITS;
    }
  }

  /**
   * An amount in major units with the currency's decimals, or more where it has more: 5000 naira
   * are 5000.00, 500 yen 500.
   */
  public static BigDecimal normal(BigDecimal amount, @Nullable String code) {
    BigDecimal plain = amount.stripTrailingZeros();
    return plain.setScale(Math.max(digits(code), plain.scale()));
  }

  /** The ISO letters of a currency given by letters or by its ISO number; null for neither. */
  public static @Nullable String code(String text) {
    String code = text.strip().toUpperCase(Locale.ROOT);
    if (NUMBER.matcher(code).matches()) {
      return BY_NUMBER.get("0".repeat(3 - code.length()) + code);
    }
    return LETTERS.matcher(code).matches() ? code : null;
  }

  /** A number that can be an amount of money; null for anything else. */
  public static @Nullable BigDecimal number(String text) {
    String plain = text.strip();
    if (plain.length() > 60 || !AMOUNT.matcher(plain).matches()) {
      return null;
    }
    BigDecimal number = new BigDecimal(plain).stripTrailingZeros();
    return number.precision() - number.scale() > LARGEST_EXPONENT
            || number.scale() > LARGEST_EXPONENT
        ? null
        : number;
  }
}
