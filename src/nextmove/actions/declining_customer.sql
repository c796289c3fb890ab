-- One row a customer whose last 90 days fall short of what its own 270 days before, times the company's season, let expect.
with season as (
    select coalesce(sum(recent_net) / nullif(sum(before_net), 0), 1.0 / 3) as share from acting.habits
),
compared as (
    select
        habit.*,
        habit.before_net * season.share as expected_net,
        (habit.before_net * season.share - habit.recent_net)
        / nullif(sqrt(habit.recent_squares + season.share * season.share * habit.before_squares), 0) as deviations
    from acting.habits as habit
    cross join season
    where habit.purchase_days >= {min_purchase_days} and habit.quiet_days <= {patience} * habit.usual_gap_days
),
judged as (
    select compared.*, 1 / (1 + exp(-1.702 * deviations)) as real_probability from compared where expected_net > 0
)
select
    account_id,
    {quarter} as episode,
    (expected_net - recent_net) * margin as at_stake,
    real_probability as probability,
    recent_net as recent_money,
    expected_net as expected_money,
    1 - recent_net / expected_net as drop_share,
    recent_purchase_days,
    before_purchase_days / 3.0 as usual_purchase_days,
    three_years_net as three_years_money,
    last_purchase_on
from judged
where recent_net < (1 - {min_drop}) * expected_net and real_probability >= {min_probability}
