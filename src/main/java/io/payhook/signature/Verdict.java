package io.payhook.signature;

/** What a {@link Verifier} says about a request. */
public sealed interface Verdict permits VerifiedEvent, Refused, Handshake, Undecided {}
