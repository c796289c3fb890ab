-- One row an amount that an invoice asks for, from the day it was issued until it was paid: an invoice paid in part makes two rows, one paid and
-- one still open. Credit notes are left out. Money is at the rate of the day of issue. `overdue_since` is the day after whose end it is overdue.
-- needs: invoices.amount
-- until: settled_on
select
    part.invoice_id,
    part.issued_on as day,
    case when part.due_on > part.issued_on then part.due_on else part.issued_on end as overdue_since,
    part.settled_on,
    part.account_id,
    coalesce(part.rep_id, account.rep_id) as rep_id,
    rep.team,
    account.region,
    account.country,
    account.segment,
    part.amount * case when part.currency is null or part.currency = :reporting_currency then cast(1 as decimal(20, 8)) else rates.rate end as amount,
    case when part.currency <> :reporting_currency and rates.rate is null then part.currency end as unpriced
from (
    select
        invoice_id, account_id, rep_id, issued_on, due_on, currency, paid_on as settled_on,
        coalesce(paid_amount, amount) as amount
    from main.invoices
    where coalesce(kind, 'invoice') = 'invoice' and paid_on is not null
    union all
    select
        invoice_id, account_id, rep_id, issued_on, due_on, currency, cast(null as date) as settled_on,
        case when paid_on is null then amount else amount - coalesce(paid_amount, amount) end as amount
    from main.invoices
    where coalesce(kind, 'invoice') = 'invoice' and (paid_on is null or amount <> coalesce(paid_amount, amount))
) as part
left join facts.daily_rates as rates on rates.currency = part.currency and rates.day = part.issued_on
left join main.accounts as account on account.account_id = part.account_id
left join main.reps as rep on rep.rep_id = coalesce(part.rep_id, account.rep_id)
