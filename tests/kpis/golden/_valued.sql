-- Valuations as a refresh makes them, with made-up amounts: the ends of the months of 2024 so far, and the day of the numbers.
insert into main.account_values
select
    valued.day, account_id, worth * 1.2 as profit, worth * 3 as sales, worth as profit_discounted, worth * 2.5 as sales_discounted
from (values (date '2024-01-31'), (date '2024-02-29'), (date '2024-03-31'), (date '2024-05-31'), (date '2024-07-31'), (date '2024-09-17')) as valued (day)
cross join (select account_id, row_number() over (order by account_id) * 10.5 as number from main.accounts where account_id <> 'A03') as known
cross join lateral (select number * month(valued.day) as worth) as amounts;
