"""The kinds of plan components, one module each. A kind is a model of its words and a rate for every part of a measure."""

from typing import Annotated

from pydantic import Field

from shared.kernel.components.flat import Flat
from shared.kernel.components.graduated import Graduated

Component = Annotated[Flat | Graduated, Field(discriminator="kind")]
