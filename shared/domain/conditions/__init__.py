"""The table of conditions: severity, and in both languages the title, meaning, count and steps.

The messages, the command line and the documents read this table. certification.current_conditions finds the conditions.
"""

from shared.domain.alerts import Condition
from shared.domain.conditions.database import DATABASE
from shared.domain.conditions.deliveries import DELIVERIES
from shared.domain.conditions.listings import LISTINGS
from shared.domain.conditions.mail import MAIL
from shared.domain.conditions.runs import RUNS
from shared.domain.conditions.secret import SECRET
from shared.domain.conditions.website import WEBSITE

CONDITIONS = WEBSITE | LISTINGS | SECRET | RUNS | DELIVERIES | MAIL | DATABASE
MOST_URGENT_FIRST = sorted(Condition, key=lambda condition: CONDITIONS[condition].severity)
