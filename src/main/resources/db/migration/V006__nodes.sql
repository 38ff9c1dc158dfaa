-- An attempt that began and has no end tells, once its lease ran out, that its process ended with it.
alter table payhook.delivery
    add column begun_at timestamptz,                     -- when the attempt that runs now began; null while it only waits
    add column begun_by uuid,                            -- the process that began it
    add column lost     int not null default 0;          -- attempts in a row that ended without a result

comment on column payhook.delivery.begun_by is 'The incarnation (payhook.node) that runs the attempt';
comment on column payhook.delivery.lost is 'Attempts in a row that ended without a result: the process ended with them';
comment on column payhook.attempt.outcome is 'done, failed, skipped; lost: the process or its lease ended before it was done';

-- One row a running Payhook. Its subscriptions count until expires_at, by this database's clock.
create table payhook.node (
    name        text primary key,
    incarnation uuid,                                    -- the process that holds the name; null: not known yet
    home        text not null default '',                -- host and data folder: one process at a time uses them
    host        text not null default '',
    version     text not null default '',
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    stopped_at  timestamptz,                             -- when it was stopped in order
    expires_at  timestamptz not null
) with (fillfactor = 50);

-- Nodes of the version before tell nothing of themselves: theirs count for an hour, in which all should be new.
insert into payhook.node (name, expires_at)
    select distinct node, now() + interval '1 hour' from payhook.subscriber;

comment on column payhook.subscriber.since is 'When the node first said so: the newest wish of a route counts';

-- What counts of it, from nodes that live: of each route what was said last, by whoever says the same.
create view payhook.subscriber_now as
select route, node, endpoint, type, ordered, since
from (
    select s.*, first_value(array[s.endpoint, s.type, s.ordered::text]) over (partition by s.route order by s.since desc) as newest
    from payhook.subscriber s left join payhook.node n on n.name = s.node
    where n.name is null or n.expires_at > now()
) live
where array[endpoint, type, ordered::text] = newest;
