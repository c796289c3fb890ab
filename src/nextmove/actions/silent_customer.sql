-- One row a customer who is silent against its own rhythm, and what three years with it were worth at the end of the month before. The episode is the last purchase: a new silence needs a new one.
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
    habit.three_years_net as three_years_money,
    customer.score as stay_away_share,
    before.sales as worth_before_money
from predictions.customers as customer
join acting.habits as habit on habit.account_id = customer.account_id
left join main.account_values as before
    on before.account_id = habit.account_id and before.valued_on = date_trunc('month', habit.last_purchase_on) - interval 1 day
where customer.score >= {min_probability}
    and case
        -- Who orders on a fixed schedule (a contract) is silent once its day and the tolerance are over, not before.
        when customer.due_on is not null then customer.late_by_days > 0 and customer.late_by_days <= {lost_after_days}
        else
            habit.purchase_days >= {min_purchase_days}
            and habit.quiet_days > {patience} * habit.usual_gap_days
            and habit.quiet_days <= {lost_after_days}
    end
