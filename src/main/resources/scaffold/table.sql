-- The events that the route @route@ has recorded.
create table @table@ (
  event_key    text primary key,
  type         text not null,
  entity       text,
  amount       numeric,
  currency     text,
  occurred_at  timestamptz,
  received_at  timestamptz not null,
  event        jsonb
);
