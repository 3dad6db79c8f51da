"""Claims as Python objects: figures with their digits, cohorts, sources and relations.

Run from anywhere: ``python examples/claims_as_objects.py``. Prints the response figures of a study, then one claim with
what it is to others.
"""

import cd22kg

with cd22kg.load() as kg:
    for claim in kg.claims(outcome="CR", source="shah-2020"):
        figure = claim.measurement
        if figure is not None and figure.events is not None:
            print(f"{claim.id}: {figure.events} of {figure.total} in {claim.cohort}, printed {figure.as_printed}")

    claim = kg.claim("car-t-hope-s08-cr-nhl-mono")
    print(f"\n{claim}")
    for relation in claim.relations:
        print(f"  {relation.type} {relation.target} ({relation.certainty}): {relation.reason}")
