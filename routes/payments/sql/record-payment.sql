-- Records what an event says of a payment, with the refunds that came first, and keeps its customer up to date.

-- One event of a payment at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :entity::text, 0));

-- A customer's row is left alone where it says the same already (its time is exact to the minute), so
-- that many payments of one customer don't wait for each other.
with customer_of_payment as (
  insert into customer (email, name, created_at, updated_at)
  select lower(:event.data.customer.email::text), nullif(:event.data.customer.name::text, ''),
         :receivedAt, :receivedAt
  where :eventType::text = 'payment.success'
    and :event.data.customer.email::text <> ''
    and not exists (
      select from customer
      where email = lower(:event.data.customer.email::text)
        and name is not distinct from
            coalesce(nullif(:event.data.customer.name::text, ''), name)
        and created_at <= :receivedAt
        and updated_at > :receivedAt - interval '1 minute')
  on conflict (email) do update set
    name = case when excluded.updated_at >= customer.updated_at
                then coalesce(excluded.name, customer.name)
                else coalesce(customer.name, excluded.name) end,
    created_at = least(customer.created_at, excluded.created_at),
    updated_at = greatest(customer.updated_at, excluded.updated_at)
)
insert into payment as kept (
  transaction_id, outcome, amount, currency, customer_email, customer_name, occurred_at, updated_at,
  refund_count, refunded_amount, refund_currency_differs)
select
  :entity::text,
  case :eventType::text
    when 'payment.success' then 'success'
    when 'payment.failed' then 'failed'
    else 'pending'
  end,
  :amount,
  :currency::text,
  nullif(:event.data.customer.email::text, ''),
  nullif(:event.data.customer.name::text, ''),
  :occurredAt,
  :receivedAt,
  count(*),
  coalesce(sum(refund.amount) filter (where (refund.currency <> :currency::text) is not true), 0),
  coalesce(bool_or(refund.currency <> :currency::text), false)
from refund
where transaction_id = :entity::text and status = 'processed'

-- A success is the last word on a payment, a failure stands above what is pending, and of two that
-- say the same the newer one counts. What only the other one knows is kept, but never the amount of
-- one with the currency of another.
on conflict (transaction_id) do update set
  (outcome, customer_email, customer_name, occurred_at, updated_at,
   amount, currency, refunded_amount, refund_currency_differs) = (
    select
      case when wins then excluded.outcome else kept.outcome end,
      case when wins then coalesce(excluded.customer_email, kept.customer_email)
           else coalesce(kept.customer_email, excluded.customer_email) end,
      case when wins then coalesce(excluded.customer_name, kept.customer_name)
           else coalesce(kept.customer_name, excluded.customer_name) end,
      case when wins then excluded.occurred_at else kept.occurred_at end,
      case when wins then greatest(kept.updated_at, excluded.updated_at) else kept.updated_at end,
      case when pays then excluded.amount else kept.amount end,
      case when pays then excluded.currency else kept.currency end,
      case when pays then excluded.refunded_amount else kept.refunded_amount end,
      case when pays then excluded.refund_currency_differs else kept.refund_currency_differs end
    from
      (select case
         when excluded.outcome <> kept.outcome
           then kept.outcome = 'pending' or excluded.outcome = 'success'
         when excluded.occurred_at <> kept.occurred_at
           then excluded.occurred_at > kept.occurred_at
         else excluded.updated_at >= kept.updated_at
       end as wins) as one,
      lateral (select
         case when excluded.amount is not null then wins or kept.amount is null
              else kept.amount is null and (wins or kept.currency is null) end as pays) as two);
