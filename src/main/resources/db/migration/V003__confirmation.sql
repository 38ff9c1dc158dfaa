-- What the provider's own API said of an event that had to be confirmed: routes see it as the variable confirmation.
alter table payhook.event add column confirmation json;

comment on column payhook.event.confirmation is 'The answer of the provider''s API that confirmed the event, as it came';
