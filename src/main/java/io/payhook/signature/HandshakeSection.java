package io.payhook.signature;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the settings below {@code handshake} say: what a platform asks to prove the URL is ours. */
record HandshakeSection(
    String method,
    Template when,
    String is,
    boolean signed,
    @Nullable Template token,
    Pattern tokenPattern,
    Template reply,
    String contentType,
    int status) {

  static @Nullable HandshakeSection of(SettingTexts settings) {
    Template when = settings.template(Setting.HANDSHAKE_WHEN, Template.Context.TYPE);
    return when == null
        ? null
        : new HandshakeSection(
            settings.word(Setting.HANDSHAKE_METHOD, "POST"),
            when,
            settings.word(Setting.HANDSHAKE_IS, ""),
            settings.flag(Setting.HANDSHAKE_SIGNED, true),
            settings.template(Setting.HANDSHAKE_TOKEN, Template.Context.TYPE),
            Pattern.compile(settings.word(Setting.HANDSHAKE_TOKEN_PATTERN, "[A-Za-z0-9_-]{1,128}")),
            Template.parse(
                settings.word(Setting.HANDSHAKE_REPLY, "{token}"), Template.Context.REPLY),
            settings.word(Setting.HANDSHAKE_CONTENT_TYPE, "text/plain"),
            Integer.parseInt(settings.word(Setting.HANDSHAKE_STATUS, "200")));
  }

  static void check(Plan plan, Problems problems) {
    HandshakeSection own = plan.handshake;
    problems.when(
        own == null && plan.settings.hasAny("handshake."),
        Setting.HANDSHAKE_WHEN,
        "is missing; the other handshake settings need what tells a handshake from an event");
    problems.when(
        own != null && own.reply.names(Word.HMAC) && !plan.signature.algorithm.isHmac(),
        Setting.HANDSHAKE_REPLY,
        "names {hmac}, but signature.algorithm is no HMAC");
  }

  /** The answer; null for a request that is no handshake. */
  @Nullable Handshake answer(Scope scope, List<Verifier.Keyed> keys) throws Refusal {
    if (!scope.request.method().equals(method) || !isMeant(scope)) {
      return null;
    }
    String text = token == null ? "" : token.text(scope);
    if (text == null || (token != null && !tokenPattern.matcher(text).matches())) {
      throw new Refusal("bad-handshake", "the handshake's text is not like one of this platform");
    }
    scope.token = text;
    for (Verifier.Keyed key : keys) {
      if (key.secret().activeAt(scope.now)) {
        scope.secret = key.secret();
        if (reply.names(Word.HMAC)) {
          byte[] signature = key.key().sign(text.getBytes(StandardCharsets.UTF_8));
          scope.hmac = scope.plan.signature.encoding.encode(signature);
        }
        break;
      }
    }
    return new Handshake(
        status, contentType, new String(reply.bytes(scope), StandardCharsets.UTF_8));
  }

  private boolean isMeant(Scope scope) {
    try {
      String found = when.text(scope);
      return found != null && (is.isEmpty() || is.equals(found));
    } catch (Refusal e) {
      return false;
    }
  }
}
