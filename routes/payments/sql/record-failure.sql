-- Records a payment that failed or is pending; one that succeeded stays as it is.

-- One event of a payment at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :entity::text, 0));

insert into payment as kept (
  transaction_id, outcome, amount, currency, customer_email, customer_name, occurred_at, updated_at,
  refund_count, refunded_amount, refund_currency_differs)
select
  :entity::text,
  case :eventType::text when 'payment.failed' then 'failed' else 'pending' end,
  :amount,
  :currency::text,
  nullif(left(:event.data.customer.email::text, 320), ''),
  nullif(:event.data.customer.name::text, ''),
  :occurredAt,
  :receivedAt,
  count(*),
  coalesce(sum(refund.amount) filter (where (refund.currency <> :currency::text) is not true), 0),
  coalesce(bool_or(refund.currency <> :currency::text), false)
from refund
where transaction_id = :entity::text and status = 'processed'

-- A failure stands above what is pending, and of two that say the same the newer one counts. What only
-- the other one knows is kept, but never the amount of one with the currency of another.
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
         when excluded.outcome <> kept.outcome then kept.outcome = 'pending'
         when excluded.occurred_at <> kept.occurred_at then excluded.occurred_at > kept.occurred_at
         else excluded.updated_at >= kept.updated_at
       end as wins) as one,
      lateral (select
         case when excluded.amount is not null then wins or kept.amount is null
              else kept.amount is null and (wins or kept.currency is null) end as pays) as two);
