"""Three questions about CD22 CAR T cells in B-ALL, from Python.

Run from anywhere: ``python examples/three_questions.py``. Prints how many patients responded, how often severe toxicity
occurred, and where the figures of an overview article come from.
"""

import cd22kg

with cd22kg.load() as kg:
    responses = kg.query("complete-response", therapy="cd22-mono-car-t", indication="B-ALL")
    print("Complete response, one row for each cohort and source")
    for row in responses:
        if row["events"] is not None:
            shared = " (shares patients with other rows)" if row["sharing"] else ""
            print(f"  {row['events']} of {row['total']}: {row['claim'].rpartition('/')[2]}{shared}")
    print(responses.explanation)

    print("\nSevere toxicity, by grading scale")
    print(kg.query("severe-toxicity", therapy="cd22-mono-car-t", indication="B-ALL").to_text("md"))

    print("Statements of the overview article, and what each repeats")
    for row in kg.query("article-claims", source="car-t-hope-2025-03"):
        if row["printed"]:
            print(f"  {row['printed']}: {(row['repeats'] or 'no source').rpartition('/')[2]} {row['differs'] or ''}")
