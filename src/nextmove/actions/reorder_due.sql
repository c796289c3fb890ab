-- One row a customer whose next order is due by its own rhythm. The episode is the last purchase.
with due as (
    select habit.*, habit.last_purchase_on + cast(ceil(habit.usual_gap_days) as integer) as due_on
    from acting.habits as habit
    where habit.purchase_days >= {min_purchase_days}
        and habit.usual_gap_days >= {min_gap_days}
        and habit.quiet_days <= {patience} * habit.usual_gap_days
),
due_items as (
    select
        item.account_id,
        arg_max(item.product_id, item.yearly_profit) as product_id,
        string_agg(coalesce(product.name, item.product_id), ', ' order by item.yearly_profit desc, item.product_id)
            filter (where item.place <= 3) as items,
        count(*) as items_count
    from (
        select items.*, row_number() over (partition by account_id order by yearly_profit desc, product_id) as place
        from acting.items as items
        where purchase_days >= 3
            and quiet_days between usual_gap_days - {ahead_days} and {patience} * usual_gap_days + {ahead_days}
    ) as item
    left join main.products as product on product.product_id = item.product_id
    group by item.account_id
)
select
    due.account_id,
    due_items.product_id,
    due.last_purchase_on as episode,
    due.yearly_profit / nullif(due.yearly_purchase_days, 0) as at_stake,
    1 - customer.score as probability,
    due.due_on,
    due.last_purchase_on,
    due.usual_gap_days,
    due_items.items,
    due_items.items_count,
    due.yearly_net / nullif(due.yearly_purchase_days, 0) as usual_order_money
from due
join predictions.customers as customer on customer.account_id = due.account_id
left join due_items on due_items.account_id = due.account_id
where due.due_on <= {as_of} + {ahead_days}
