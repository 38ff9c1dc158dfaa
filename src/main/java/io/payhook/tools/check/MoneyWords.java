package io.payhook.tools.check;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What names of members and columns tell about money. */
final class MoneyWords {
  private static final Set<String> MONEY =
      Set.of(
          "amount",
          "amt",
          "price",
          "total",
          "subtotal",
          "fee",
          "fees",
          "balance",
          "cost",
          "tax",
          "vat",
          "commission",
          "discount",
          "payout");

  /** Ends of names that are not money, whatever they begin with: tax_rate, total_count. */
  private static final Set<String> OTHERWISE =
      Set.of(
          "at",
          "on",
          "date",
          "time",
          "id",
          "ids",
          "count",
          "number",
          "type",
          "status",
          "code",
          "rate",
          "percent",
          "percentage",
          "pct",
          "ratio",
          "key",
          "name",
          "currency",
          "items",
          "pages",
          "quantity");

  private static final Pattern MINOR =
      Pattern.compile(
          "(?i)(?:kobo|(?<!per)(?<!re)cents?(?![a-z])|minor|pesewa|pence|paise|subunit)");

  private MoneyWords() {}

  /** Whether a name is one of money: {@code amount_paid}, {@code totalPrice}. */
  static boolean isMoney(String name) {
    List<String> words =
        Arrays.stream(name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").split("[^A-Za-z0-9]+", -1))
            .map(word -> word.toLowerCase(Locale.ROOT))
            .filter(word -> !word.isEmpty())
            .toList();
    return !words.isEmpty()
        && words.stream().anyMatch(MONEY::contains)
        && !OTHERWISE.contains(words.get(words.size() - 1));
  }

  /** Whether a name or a text says that a minor unit is meant: {@code amount_kobo}. */
  static boolean saysMinor(String text) {
    return MINOR.matcher(text).find();
  }
}
