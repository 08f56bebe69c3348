"""The conformance kit for authors of plugins, with plain pytest.

    import pytest
    from thingwright.testing import assert_conforms, conformance_cases


    @pytest.mark.parametrize("case", conformance_cases(folder="my_plugins"), ids=str)
    def test_conforms(case):
        assert_conforms(case)

`my_plugins` holds plugins as `kind/name/__init__.py`; name installed ones instead, as in
`conformance_cases("meters.acme_m1")`. There is one case for each plugin and each rule of `RULES`.
"""

import pytest

from core.conformance import RULES, Case, Finding, NotHereError, conformance_cases

__all__ = ["RULES", "Case", "Finding", "assert_conforms", "conformance_cases"]


def assert_conforms(case: Case) -> None:
    """Fail with everything that the rule of this case finds wrong with its plugin.

    Skips, with the reason, where the rule needs captured frames that are not on this machine.
    """
    try:
        findings = case.findings()
    except NotHereError as reason:
        pytest.skip(str(reason))
    if findings:
        pytest.fail("\n".join(map(str, findings)), pytrace=False)
