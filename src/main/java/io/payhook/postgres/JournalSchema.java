package io.payhook.postgres;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The schema of the journal if it is not {@link #USUAL}, so that a database can hold several
 * journals. Every statement says {@code payhook.event}; only here is the name replaced, in the
 * statements of Payhook, of its migrations and of the routes alike.
 */
record JournalSchema(String name) {
  static final String USUAL = "payhook";

  private static final Pattern NAMED =
      Pattern.compile("\\bpayhook(?=\\.[a-z_])|(?<=\\bschema )payhook\\b");

  /** A connection whose statements mean this schema. */
  Connection on(Connection connection) {
    return name.equals(USUAL) ? connection : (Connection) translating(connection, Connection.class);
  }

  private Object translating(Object target, Class<?> type) {
    return Proxy.newProxyInstance(
        JournalSchema.class.getClassLoader(),
        new Class<?>[] {type},
        (self, method, arguments) -> {
          try {
            Object result = method.invoke(target, translated(method.getName(), arguments));
            // The text of a prepared statement is fixed already.
            return method.getReturnType().equals(Statement.class)
                ? translating(result, Statement.class)
                : result;
          } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
          }
        });
  }

  private Object @Nullable [] translated(String method, Object @Nullable [] arguments) {
    boolean text =
        method.startsWith("prepare")
            || method.startsWith("execute")
            || method.equals("addBatch")
            || method.equals("nativeSQL");
    if (text && arguments != null && arguments.length > 0 && arguments[0] instanceof String sql) {
      Object[] changed = arguments.clone();
      changed[0] = in(sql);
      return changed;
    }
    return arguments;
  }

  String in(String sql) {
    return NAMED.matcher(sql).replaceAll(Matcher.quoteReplacement(name));
  }
}
