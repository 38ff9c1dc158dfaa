-- The journal: every authentic event as received, and one delivery for each route that wanted it.

create table payhook.event (
    id           uuid primary key,                       -- time-ordered (RFC 9562 version 7): newest last
    endpoint     text not null,
    type         text not null,
    key          text not null,                          -- what makes the event the same event when it is sent again
    variant      text not null default '',               -- '' for the event; a digest for another body under the same key
    state        text not null check (state in ('accepted', 'unrouted', 'conflict', 'unconfirmed')),
    conflict_of  uuid,                                   -- the event whose key this one repeats with another body
    entity       text,                                   -- what `ordered: true` keeps in order, such as a transaction id
    received_at  timestamptz not null default now(),
    occurred_at  timestamptz,
    amount       numeric,
    currency     text,
    secret       text,                                   -- label of the secret that matched, never the secret
    method       text not null,
    url          text not null,
    content_type text,
    headers      json not null,                          -- [[name, value], …] as they came over the wire
    body         bytea not null,                         -- the raw bytes that were signed
    constraint event_once unique (endpoint, key, variant)
);

-- What a person looks for first: the few events that are not plainly accepted.
create index event_remarkable on payhook.event (state, id) where state <> 'accepted';

create table payhook.delivery (
    event_id   uuid not null,
    route      text not null,
    seq        bigint generated always as identity,      -- order of receipt, by this database's clock alone
    entity     text,                                     -- set for an ordered route only
    state      text not null check (state in ('pending', 'running', 'done', 'retrying', 'dead', 'skipped')),
    attempts   int not null default 0,
    run        int not null default 1,                   -- grows when a done delivery is replayed on purpose
    due_at     timestamptz not null default now(),       -- when it may be claimed; for a running one: the end of its lease
    node       text,                                     -- who claimed it
    created_at timestamptz not null default now(),
    done_at    timestamptz,
    category   text,                                     -- of the last failure: DELIVERY_FAILED, DEAD, …
    error      text,
    primary key (event_id, route)
) with (fillfactor = 85);

create index delivery_open on payhook.delivery (route, due_at)
    where state in ('pending', 'running', 'retrying');
create index delivery_in_order on payhook.delivery (route, entity, seq)
    where entity is not null and state in ('pending', 'running', 'retrying');
create index delivery_dead on payhook.delivery (route, event_id)
    where state in ('dead', 'skipped');

create table payhook.attempt (
    event_id    uuid not null,
    route       text not null,
    run         int not null,
    number      int not null,
    started_at  timestamptz not null,
    duration_ms int not null,
    outcome     text not null,                           -- done, failed, skipped
    category    text,
    error       text,
    node        text not null
);

create index attempt_of_event on payhook.attempt (event_id);

-- Who wants what. A row a node and route, so that any node can write the deliveries of routes only another one runs.
create table payhook.subscriber (
    route      text not null,
    node       text not null,
    endpoint   text not null,                            -- pattern
    type       text not null,                            -- pattern
    ordered    boolean not null,
    since      timestamptz not null default now(),
    primary key (route, node)
);

create table payhook.rejection (
    id       bigint generated always as identity primary key,
    at       timestamptz not null default now(),
    endpoint text not null,
    category text not null,                              -- SIGNATURE, MALFORMED
    reason   text not null,                              -- one word, as in the metrics
    detail   text not null,                              -- for a person; the sender never sees it
    remote   text,
    headers  json not null,
    size     int not null,                               -- of the body, in bytes
    excerpt  text                                        -- the beginning of the body
);

comment on schema payhook is 'The journal of Payhook. Anyone may read it; only Payhook writes it.';
comment on column payhook.event.body is 'Raw bytes; read JSON with convert_from(body, ''UTF8'')::jsonb';
