-- One row a customer who is silent against its own rhythm. The episode is the last purchase: a new silence needs a new one.
select
    habit.account_id,
    habit.last_purchase_on as episode,
    habit.yearly_profit * {horizon_days} / 365 as at_stake,
    customer.score as probability,
    habit.last_purchase_on,
    habit.quiet_days,
    habit.usual_gap_days,
    habit.purchase_days,
    habit.yearly_net as yearly_money,
    customer.score as stay_away_share
from predictions.customers as customer
join acting.habits as habit on habit.account_id = customer.account_id
where habit.purchase_days >= {min_purchase_days}
    and habit.quiet_days > {patience} * habit.usual_gap_days
    and habit.quiet_days <= {lost_after_days}
    and customer.score >= {min_probability}
