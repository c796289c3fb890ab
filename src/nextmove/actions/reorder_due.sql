-- One row a customer whose next order is expected soon, with what it will hold: bought again within the horizon more likely than not, and
-- due by the item's own rhythm when the order comes. The episode is the last purchase.
with due as (
    select
        habit.account_id,
        habit.last_purchase_on,
        habit.usual_gap_days,
        habit.margin,
        expected.score,
        expected.amount,
        expected.days,
        {as_of} + cast(round(expected.days) as integer) as due_on,
        {as_of} + cast(round(expected.days_lo) as integer) as earliest_on,
        {as_of} + cast(round(expected.days_hi) as integer) as latest_on
    from predictions.next_order as expected
    join acting.habits as habit on habit.account_id = expected.account_id
    where expected.days <= {ahead_days}
        and habit.purchase_days >= {min_purchase_days}
        and habit.usual_gap_days >= {min_gap_days}
        and habit.quiet_days <= {patience} * habit.usual_gap_days
),
due_items as (
    select
        item.account_id,
        item.product_id,
        item.quantity,
        row_number() over (partition by item.account_id order by item.value desc, item.product_id) as place
    from predictions.reorder as item
    join due on due.account_id = item.account_id and item.days <= due.days
    where item.score >= {min_item_probability}
),
lines as (
    -- Each line within a direction of its own (U+2068 to U+2069): so a number stays with its name in a text that runs from right to left.
    select
        item.*,
        concat(chr(8296), cast(greatest(round(item.quantity), 1) as bigint), ' × ', coalesce(product.name, item.product_id), chr(8297)) as line
    from due_items as item
    left join main.products as product on product.product_id = item.product_id
),
told as (
    select
        item.account_id,
        min(item.product_id) filter (where item.place = 1) as product_id,
        string_agg(item.line, ', ' order by item.place) filter (where item.place <= 3) as items,
        count(*) as items_count
    from lines as item
    group by item.account_id
)
select
    due.account_id,
    told.product_id,
    due.last_purchase_on as episode,
    due.amount * due.margin as at_stake,
    due.score as probability,
    due.due_on,
    due.earliest_on,
    due.latest_on,
    due.last_purchase_on,
    due.usual_gap_days,
    told.items,
    told.items_count,
    due.amount as expected_order_money
from due
left join told on told.account_id = due.account_id
