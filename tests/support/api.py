"""A document of the API as a judge of what the server says. `jsonschema` is named here alone."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

from feed.limits import DEFAULTS
from feed.web.api.limit import Running

Schema: TypeAlias = dict[str, Any]

RUNNING = Running(
    version="0.1.0",
    is_public=True,
    heartbeat_s=15,
    max_age_s=3300,
    retention_s=3600,
    limits=DEFAULTS,
)


class Judge:
    """Compares what was said with a document; what it gives are faults, in words."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    def faults(self, told: Schema, value: Any) -> list[str]:
        """What of a value is not as a schema of the document says."""
        judge = Draft202012Validator({**told, "components": self.document["components"]})
        return [f"{fault.json_path}: {fault.message}" for fault in judge.iter_errors(value)]

    def at(self, reference: str) -> Schema:
        """What stands at a place of the document: `#/components/…`."""
        found = self.document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/")]
        return found

    def resolved(self, told: Schema) -> Schema:
        """What is meant, where it is only named."""
        return self.resolved(self.at(told["$ref"])) if "$ref" in told else told

    def of_message(self, name: str, value: Any) -> list[str]:
        """What of a frame or a command is not as AsyncAPI says."""
        return self.faults(self.at(f"#/components/messages/{name}")["payload"], value)

    def of_answer(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """What of an answer is not as OpenAPI says."""
        answers = self.document["paths"][path][method.lower()]["responses"]
        if str(status) not in answers:
            return [f"{status} is not among {', '.join(answers)}"]
        answer = self.resolved(answers[str(status)])
        faults = []
        for name, told in answer["headers"].items():
            header = self.resolved(told)
            if name in headers:
                value: Any = headers[name]
                value = int(value) if header["schema"]["type"] == "integer" else value
                faults += [f"{name}: {each}" for each in self.faults(header["schema"], value)]
            elif header["required"]:
                faults.append(f"{name} is missing")
        content = answer.get("content", {})
        media = headers.get("Content-Type", "").partition(";")[0]
        if content and media not in content:
            return [*faults, f"{media!r} is not among {', '.join(content)}"]
        if content and "json" in media:
            faults += self.faults(content[media]["schema"], json.loads(body))
        return faults
