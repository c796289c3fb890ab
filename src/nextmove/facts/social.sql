-- One row a social network and day.
-- needs: social_stats.network
select day, network, followers, reach, impressions, engagements
from main.social_stats
