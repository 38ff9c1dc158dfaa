-- What tells a repeat from a new event beyond its key.
alter table payhook.event
    add column provider      text,                       -- the preset that took it, where the endpoint has several
    add column signed_digest bytea,                      -- of what was signed, where type or key stand outside of it
    add column released_at   timestamptz;                -- when a person let a conflict through to its routes

-- Not validated: what is there was checked by the narrower rule, and a look at every row would hold up the start.
alter table payhook.event drop constraint event_state_check;
alter table payhook.event add constraint event_state_check
    check (state in ('accepted', 'unrouted', 'conflict', 'unconfirmed', 'duplicate')) not valid;

-- The same signed bytes under another key are the same event.
create unique index event_signed_once on payhook.event (endpoint, signed_digest) where signed_digest is not null;

comment on column payhook.event.conflict_of is 'The event that came first: of a conflict that with its key, of a duplicate that it repeats';
