-- by: rep
select months.start as period_start, rep as member,
    sum((amount - case when paid_on < ends then coalesce(paid_amount, amount) else 0 end) * rate) as value
from golden.invoices
join (select start, least(cast(start + interval 1 month as date), date '2024-09-18') as ends from golden.months) as months
    on due_on < ends and issued_on < ends
where not (paid_on < ends and coalesce(paid_amount, amount) = amount) or paid_on is null
group by grouping sets ((1), (1, 2))
