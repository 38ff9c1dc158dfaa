-- Reads what is wrong with the refunds of a payment; nothing where all is well.
select concat_ws(' and ',
  (amount + over_refunded_by) || ' of ' || amount || ' ' || currency || ' were refunded',
  case when refund_currency_differs then 'one is in another currency than ' || currency end) as problem
from payment
where transaction_id = :entity and (over_refunded_by is not null or refund_currency_differs);
