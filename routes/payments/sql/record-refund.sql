-- Records a refund and what it leaves of its payment; without a payment it waits for it.

-- One event of a payment at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :entity::text, 0));

-- The key less the event type is the refund's own id, or stands for it. A refund that is pending never
-- overwrites one that was processed or failed, whatever came last; of those two the newer one counts.
-- Payhook 0.1 kept one refund a payment, under the payment's id: sent again, it finds that row.
insert into refund as kept (
  refund_id, transaction_id, status, amount, currency, reason, customer_email, customer_name, occurred_at, updated_at)
values (
  coalesce(
    (select early.refund_id from refund early
     where early.refund_id = :entity::text and early.transaction_id = early.refund_id
       and early.amount = :amount and early.currency = :currency::text
       and coalesce(:occurredAt, early.updated_at) <= early.updated_at),
    regexp_replace(:eventKey::text, '^refund\.[a-z_]+:', '')),
  :entity::text,
  split_part(:eventType::text, '.', 2),
  :amount,
  :currency::text,
  :event.data.reason::text,
  nullif(left(:event.data.customer.email::text, 320), ''),
  nullif(:event.data.customer.name::text, ''),
  :occurredAt,
  :receivedAt
)
on conflict (refund_id) do update set
  status = excluded.status,
  amount = coalesce(excluded.amount, kept.amount),
  currency = case when excluded.amount is null and kept.amount is not null
                  then kept.currency else excluded.currency end,
  reason = coalesce(excluded.reason, kept.reason),
  customer_email = coalesce(excluded.customer_email, kept.customer_email),
  customer_name = coalesce(excluded.customer_name, kept.customer_name),
  occurred_at = excluded.occurred_at,
  updated_at = excluded.updated_at
where case
  when (excluded.status in ('processed', 'failed')) <> (kept.status in ('processed', 'failed'))
    then excluded.status in ('processed', 'failed')
  when excluded.occurred_at <> kept.occurred_at then excluded.occurred_at > kept.occurred_at
  else excluded.updated_at >= kept.updated_at
end;

-- The refunds of the payment, this one among them, are counted anew: so it doesn't matter how often
-- and in which order they come.
update payment set
  (refund_count, refunded_amount, refund_currency_differs, updated_at) = (
    select count(*),
           coalesce(sum(refund.amount) filter (where (refund.currency <> payment.currency) is not true), 0),
           coalesce(bool_or(refund.currency <> payment.currency), false),
           greatest(payment.updated_at, :receivedAt)
    from refund
    where refund.transaction_id = payment.transaction_id and refund.status = 'processed')
where transaction_id = :entity::text;
