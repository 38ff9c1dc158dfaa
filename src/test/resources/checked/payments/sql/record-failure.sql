-- Records a failed payment; one that succeeded or was refunded stays as it is.

-- One event of a transaction at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :event.data.transaction_id::text, 0));

insert into payment (transaction_id, status, amount, currency, customer_email, customer_name, updated_at)
values (
  :event.data.transaction_id::text,
  case when exists (select from refund where transaction_id = :event.data.transaction_id::text)
       then 'refunded' else 'failed' end,
  :event.data.amount::numeric,
  upper(:event.data.currency::text),
  :event.data.customer.email::text,
  :event.data.customer.name::text,
  :receivedAt
)
on conflict (transaction_id) do update set
  amount = excluded.amount,
  currency = excluded.currency,
  customer_email = excluded.customer_email,
  customer_name = excluded.customer_name,
  updated_at = excluded.updated_at
where payment.status = 'failed' and excluded.updated_at >= payment.updated_at;
