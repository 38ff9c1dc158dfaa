-- Records a refund and marks its payment as refunded; without a payment it waits for it.

-- One event of a transaction at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :event.data.transaction_id::text, 0));

with refunded_payment as (
  update payment set
    status = 'refunded',
    updated_at = greatest(updated_at, :receivedAt)
  where transaction_id = :event.data.transaction_id::text
)
insert into refund (transaction_id, status, amount, currency, reason, customer_email, customer_name, updated_at)
values (
  :event.data.transaction_id::text,
  coalesce(:event.data.status::text, 'processed'),
  :event.data.amount::numeric,
  upper(:event.data.currency::text),
  :event.data.reason::text,
  :event.data.customer.email::text,
  :event.data.customer.name::text,
  :receivedAt
)
on conflict (transaction_id) do update set
  status = excluded.status,
  amount = excluded.amount,
  currency = excluded.currency,
  reason = excluded.reason,
  customer_email = excluded.customer_email,
  customer_name = excluded.customer_name,
  updated_at = excluded.updated_at
where excluded.updated_at >= refund.updated_at;
