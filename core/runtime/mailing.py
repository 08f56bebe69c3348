"""Hands mail to a server. The one place that speaks SMTP."""

from email.message import EmailMessage
from email.utils import formatdate
from typing import Final

import aiosmtplib
from attrs import frozen

from core.runtime.mail_settings import MailServer

PATIENCE: Final = 30.0
"""Seconds for each answer of the server."""
PERMANENT: Final = range(500, 600)


class SendingError(Exception):
    """It was not taken; `final` where it never will be, and `str` says why."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        self.final = final
        super().__init__(why)


@frozen
class Mail:
    """A mail to one address. `key` is what it is told by: sent again, it has the same id."""

    key: str
    to: str
    subject: str
    body: str


async def send(server: MailServer, mail: Mail) -> None:
    """Hand a mail over; raises SendingError. A password goes over an encrypted line, or not."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.encrypted,
        start_tls=False,
        timeout=PATIENCE,
    )
    try:
        await client.connect()
        await _enter(client, server)
        await client.send_message(written(server, mail), sender=server.sender, recipients=[mail.to])
        await client.quit()
    except aiosmtplib.SMTPRecipientsRefused as error:
        refused = error.recipients[0]
        raise SendingError(f"refused: {refused}", final=refused.code in PERMANENT) from None
    except aiosmtplib.SMTPAuthenticationError as error:
        raise SendingError(f"the server does not let us in: {error.message}") from None
    except aiosmtplib.SMTPResponseException as error:
        said = f"{error.code} {error.message}"
        raise SendingError(said, final=error.code in PERMANENT) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        raise SendingError(f"{server.host}:{server.port}: {error}") from None
    finally:
        client.close()


async def _enter(client: aiosmtplib.SMTP, server: MailServer) -> None:
    """Encrypt where that is offered, and say who we are where we have a name."""
    await client.ehlo()
    offered = client.supports_extension("starttls")
    if not server.encrypted and offered:
        await client.starttls()
        await client.ehlo()
    if not server.user:
        return
    if not (server.encrypted or offered or server.is_here):
        raise SendingError("the server offers no encryption, and is told no password without it")
    await client.login(server.user, server.password)


def written(server: MailServer, mail: Mail) -> EmailMessage:
    """The mail as it is sent. Sent twice, it has one id, by which it can be known."""
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(localtime=False)
    domain = server.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{mail.key.replace(':', '.')}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message
