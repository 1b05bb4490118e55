"""`%config GeminiImage.aspect_ratio = "16:9"`: defaults for this session, made from the declaration."""

from __future__ import annotations

from typing import Any

from traitlets import TraitType
from traitlets.config import Configurable

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.options.declaration import list_options
from cometmagic.options.help_text import describe
from cometmagic.options.option_group import Option


class OptionTrait(TraitType[Any, Any]):
    """A trait that accepts what the option accepts, and None for "not set"."""

    def __init__(self, option: Option) -> None:
        """`option` says what is accepted."""
        super().__init__(default_value=None, allow_none=True, help=describe(option))
        self.option = option

    def validate(self, _: Any, value: Any) -> Any:
        """Return the value as written. Raises `OptionError` for a bad one."""
        try:
            self.option.type.parse(value)
        except ValueError as error:
            raise OptionError(f"GeminiImage.{self.option.name}: {error}", charge_status=ChargeStatus.PAST) from None
        return value


def _build_trait(option: Option) -> OptionTrait:
    """Return the trait of an option, of a class whose name `%config` shows as the kind of value."""
    shown: type[OptionTrait] = type(option.type.metavar or "True|False", (OptionTrait,), {})
    return shown(option)


def read_options(config: Configurable) -> dict[str, Any]:
    """Return the options that were set."""
    return {name: value for name in list_options() if (value := getattr(config, name)) is not None}


GeminiImage: type[Configurable] = type(
    "GeminiImage",
    (Configurable,),
    {
        "__doc__": "Session defaults for the options of %%gemini_image.",
        "__module__": __name__,
        **{name: _build_trait(option).tag(config=True) for name, option in list_options().items()},
    },
)
