# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""What a connector may do at the outside system besides reading: its own address there, refunds, disputes, customers.

A connector says in its spec which of these it can do; all methods are pure, the hub sends what they return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine.canonical import Amount
    from ..engine.shop_writing import Held, Wish, Write
    from .base import HttpAnswer, HttpRequest, WebhookFound


class Actions:
    """Base of what connectors do: override what the spec says."""

    # -- our address there, where the spec says ``registers_webhook`` ---------------------------------------

    def webhook_find(self, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question what is registered; ``endpoint_url`` in the settings is our address."""
        raise NotImplementedError

    def webhooks_found(self, answer: HttpAnswer, settings: Mapping[str, Any]) -> Sequence[WebhookFound]:
        """Return what is registered for our address, the newest first.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def webhook_register(self, settings: Mapping[str, Any], secret: str, key: str) -> HttpRequest:
        """Return the request that registers our address; the same ``key`` registers it once."""
        raise NotImplementedError

    def webhook_registered(self, answer: HttpAnswer) -> tuple[str, str]:
        """Return (its id there, the secret with which it signs)."""
        raise NotImplementedError

    def webhook_repair(
        self, webhook_id: str, settings: Mapping[str, Any], secret: str, key: str
    ) -> HttpRequest:
        """Return the request that gives it the events that we need and switches it on."""
        raise NotImplementedError

    def webhooks_repaired(self, answer: HttpAnswer) -> None:
        """Refuse an answer that says that nothing was repaired."""
        raise NotImplementedError

    def webhook_remove(self, webhook_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the request that removes a registration."""
        raise NotImplementedError

    def webhook_removed(self, answer: HttpAnswer) -> None:
        """Refuse an answer that says that it is still there; one that was not there is removed, too."""
        raise NotImplementedError

    # -- refunds that are started here, where the spec says ``sends_refunds`` -------------------------------

    def refund_send(
        self, payment: str, amount: Amount, key: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the request that refunds a part of a payment; the same ``key`` refunds it once.

        :param payment: the ``movement_id`` of the payment.
        :param amount: positive, in the currency in which the customer paid.
        """
        raise NotImplementedError

    def refund_sent(self, answer: HttpAnswer) -> str:
        """Return the id under which the refund will be told, as its ``movement_id``.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def refund_find(self, payment: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question which refunds a payment has."""
        raise NotImplementedError

    def refund_found(self, answer: HttpAnswer, key: str) -> str | None:
        """Return the id of the refund that was made with ``key``, None where there is none."""
        raise NotImplementedError

    # -- evidence for disputes, where the spec says ``takes_evidence`` ---------------------------------------

    def evidence_upload(
        self, name: str, media_type: str, content: bytes, key: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the request that uploads a file of evidence; the same ``key`` uploads it once.

        :raises ContractError: the system takes no such file.
        """
        raise NotImplementedError

    def evidence_uploaded(self, answer: HttpAnswer) -> str:
        """Return the id of an uploaded file.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def evidence_submit(
        self,
        dispute: str,
        texts: Mapping[str, str],
        files: Mapping[str, str],
        key: str,
        settings: Mapping[str, Any],
        secret: str,
    ) -> HttpRequest:
        """Return the request that hands evidence in for good; the same ``key`` hands it in once.

        :param dispute: its id, or that of its evidence where the spec says ``evidence_apart``.
        :raises ContractError: the system has no such field, or a text is too long.
        """
        raise NotImplementedError

    def evidence_find(self, dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question whether evidence was handed in; it has no effect."""
        raise NotImplementedError

    def evidence_submitted(self, answer: HttpAnswer, key: str) -> bool:
        """Say whether the evidence with this key is there, by the answer to either request.

        :raises BusinessError: ``evidence_not_given``: it is refused, for the ``reason`` among its parameters.
        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def evidence_place(self, answer: HttpAnswer, dispute: str) -> str:
        """Return under which id the evidence of a dispute is handed in, by the answer to ``evidence_find``."""
        return dispute

    # -- accepting disputes, where the spec says ``accepts_disputes`` ----------------------------------------

    def dispute_close(self, dispute: str, key: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the request that accepts a dispute for good; the same ``key`` accepts it once."""
        raise NotImplementedError

    def dispute_find(self, dispute: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question how a dispute stands; it has no effect."""
        raise NotImplementedError

    def dispute_closed(self, answer: HttpAnswer) -> bool:
        """Say whether a dispute is lost, by the answer to either request.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    # -- customers that are written there, where the spec says ``writes_customers`` --------------------------

    def customer_content(self, customer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what of a customer can be written, in the words in which ``transform`` will tell it.

        :param customer: parts of a canonical customer (``name``, ``email``, ``phone``, ``address``, ``language``,
            ``tax_id`` as {number, country}) that Odoo owns; '' (an address: {}) = nothing. A part that the system could
            not keep as it is, is left out; of a tax number ``type`` says as what it is kept, without one it is not.
        """
        raise NotImplementedError

    def customer_write(
        self,
        outside_id: str | None,
        content: Mapping[str, Any],
        key: str,
        once: str,
        settings: Mapping[str, Any],
        secret: str,
    ) -> HttpRequest:
        """Return the request that makes a customer (no id) or changes one.

        :param content: of ``customer_content``.
        :param key: kept with the customer, told back as ``written_as``.
        :param once: the same request under the same word has one effect.
        """
        raise NotImplementedError

    def customer_written(self, answer: HttpAnswer) -> str | None:
        """Return the id of a customer that was written; None = there is none under this id any more.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def customer_find(
        self, since: datetime, after: str | None, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the question which customers were made since an instant (UTC-aware); ``after`` = where to go on."""
        raise NotImplementedError

    def customer_found(self, answer: HttpAnswer, key: str) -> tuple[str | None, str | None]:
        """Return (id of the customer with this key, where to go on); None = not on this page, nothing follows.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def customer_number_find(self, outside_id: str, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question which tax numbers a customer has there; it has no effect."""
        raise NotImplementedError

    def customer_number_found(
        self, answer: HttpAnswer, number: Mapping[str, str], ours: str | None
    ) -> tuple[str | None, list[str]]:
        """Return (id of this number, None = it is not there; ids of the numbers that it replaces).

        :param number: ``tax_id`` of ``customer_content``; without ``type`` there is to be none.
        :param ours: id of the number that was written last.
        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def customer_number_write(
        self, outside_id: str, number: Mapping[str, str], once: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the request that adds a tax number."""
        raise NotImplementedError

    def customer_number_written(self, answer: HttpAnswer) -> str:
        """Return the id of what was added.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def customer_number_remove(
        self, outside_id: str, number_id: str, settings: Mapping[str, Any], secret: str
    ) -> HttpRequest:
        """Return the request that deletes a tax number."""
        raise NotImplementedError

    def customer_number_removed(self, answer: HttpAnswer) -> None:
        """Read the answer; gone already is as good.

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    # -- records of Odoo that are written there, where the spec says ``writes_records`` ----------------------

    def record_find(self, wish: Wish, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the question what is held there of one thing; it has no effect."""
        raise NotImplementedError

    def record_held(self, answer: HttpAnswer, wish: Wish) -> Held | None:
        """Return what is held there, None where there is no such thing.

        :raises CannotWriteError: what is there says that it must not be written.
        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError

    def record_write(self, write: Write, settings: Mapping[str, Any], secret: str) -> HttpRequest:
        """Return the request that writes one thing; sent twice it has one effect."""
        raise NotImplementedError

    def record_written(self, answer: HttpAnswer, write: Write) -> tuple[str, str | None]:
        """Return (why it was refused, '' = it is written; the id of what was made there, or None).

        :raises TransientError, AuthorizationError, ContractError: by what the answer says.
        """
        raise NotImplementedError
