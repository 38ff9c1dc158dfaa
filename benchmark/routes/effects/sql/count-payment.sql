insert into effect (transaction_id, event_id, amount)
values (:event.data.transaction_id, :eventId, :event.data.amount)
on conflict (transaction_id) do update set times = effect.times + 1
