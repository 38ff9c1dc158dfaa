-- How an event came; what is there already came as a webhook.
alter table payhook.event add column origin text not null default 'webhook';
alter table payhook.event add constraint event_origin_check check (origin in ('webhook', 'reconciled', 'own')) not valid;

comment on column payhook.event.amount is 'In major units (naira, euro), with the currency''s decimals';
comment on column payhook.event.origin is 'webhook: sent by the platform; reconciled: asked of its API; own: Payhook''s own';
