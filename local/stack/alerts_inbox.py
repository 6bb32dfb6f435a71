"""The inbox of operations on this machine: the mails that SNS would send, one text file per message."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

    from emulators.lambda_host.template.provision import AwsClients

_QUEUE = "operations-inbox"
_SECONDS = 1


class OperationsInbox:
    """A queue subscribed to the topic, and a thread that empties it into `folder`. A context manager."""

    def __init__(self, aws: AwsClients, topic_arn: str, folder: Path) -> None:
        self._aws = aws
        self._topic_arn = topic_arn
        self._folder = folder
        self._url = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="operations-inbox", daemon=True)

    def __enter__(self) -> Self:
        self._url = self._aws.sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        attributes = self._aws.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        self._aws.sns.subscribe(TopicArn=self._topic_arn, Protocol="sqs", Endpoint=attributes["QueueArn"])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._take(0)  # messages of the last moment

    def stop_soon(self) -> None:
        """Start no further receive, so that the current one, which lasts a second, ends while other parts stop too."""
        self._stopped.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._take(_SECONDS)

    def _take(self, seconds: int) -> None:
        while messages := self._aws.sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds
        ).get("Messages"):
            for message in messages:
                reported = json.loads(message["Body"])
                self._write(f"Subject: {reported['Subject']}\n\n{reported['Message']}")
                self._aws.sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def _write(self, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in self._folder.glob("*.txt")) + 1
        (self._folder / f"{number:04}.txt").write_text(text, encoding="utf-8")
