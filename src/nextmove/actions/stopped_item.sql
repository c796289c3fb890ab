-- One row a customer and item that are due and missing while the customer buys on, or that were missing already when a customer who is
-- silent now came last. The episode is the item's last purchase.
with late as (
    -- Bought on as many days as in lines, or on fewer: then its usual gap is longer than taken here, and it may be not late yet.
    select item.*, prediction.score
    from predictions.items as prediction
    join acting.items as item on item.account_id = prediction.account_id and item.product_id = prediction.product_id
    where item.quiet_days > {patience} * date_diff('day', item.first_on, item.last_on) / (item.purchase_lines - 1.0)
        and item.quiet_days <= {lost_after_days}
        and prediction.score >= {min_probability}
),
counted as (
    select account_id, product_id, count(distinct day) as purchase_days
    from facts.sales
    semi join late using (account_id, product_id)
    where is_purchase and day > {as_of} - 730 and day <= {as_of}
    group by account_id, product_id
),
items as (
    select late.*, counted.purchase_days, date_diff('day', first_on, last_on) / (counted.purchase_days - 1.0) as usual_gap_days
    from late
    join counted using (account_id, product_id)
),
stopped as (
    select
        item.account_id,
        item.product_id,
        item.last_on as episode,
        item.yearly_profit * {horizon_days} / 365 as at_stake,
        item.score as probability,
        item.last_on as item_last_on,
        item.quiet_days as item_quiet_days,
        item.usual_gap_days as item_gap_days,
        habit.last_purchase_on,
        item.yearly_net as item_yearly_money,
        item.purchase_days as item_purchase_days,
        row_number() over (
            partition by item.account_id order by item.yearly_profit * item.score desc, item.product_id
        ) as place
    from items as item
    join acting.habits as habit on habit.account_id = item.account_id
    left join main.products as product on product.product_id = item.product_id
    where item.purchase_days >= {min_purchase_days}
        and item.quiet_days > {patience} * item.usual_gap_days
        and (
            habit.quiet_days <= {patience} * habit.usual_gap_days
            or item.quiet_days - habit.quiet_days > {patience} * item.usual_gap_days
        )
        and habit.last_purchase_on > item.last_on
        and (product.discontinued_on is null or product.discontinued_on > {as_of})
)
select * from stopped where place <= {most_per_customer}
