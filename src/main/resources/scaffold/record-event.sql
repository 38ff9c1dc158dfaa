-- Records what is known of an event, and all of its JSON. :amount is in major units (naira, not kobo),
-- :event.some.member is one value of the JSON.
insert into @table@ (event_key, type, entity, amount, currency, occurred_at, received_at, event)
values (:eventKey, :eventType, :entity, :amount, :currency, :occurredAt, :receivedAt, :event)
on conflict (event_key) do nothing;
