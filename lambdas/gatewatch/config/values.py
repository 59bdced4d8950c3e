"""The bounds of each value of a configuration: one rule for written and for pushed text.

The types are checked in C while canonical JSON is decoded, and by `conform` against YAML. An error
message uses the description as what was expected.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from gatewatch.gateway.url import BASE_PATTERN, PORT, TARGET_PATTERN


def _described(text: str) -> dict[str, str]:
    return {"description": text}


# Characters that no screen, log or message shows as they are, and lone surrogates.
UNREADABLE = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
Text = Annotated[
    str,
    Meta(
        pattern=rf"^[^{UNREADABLE[1:]}*$(?!\n)",
        max_length=2_000,
    ),
]
# CloudWatch accepts nothing else as the value of a dimension:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
ApiName = Annotated[
    str,
    Meta(
        pattern=r"^[!-9;-~]([ -~]*[!-~])?$(?!\n)",
        max_length=100,
        extra_json_schema=_described("a name of 1 to 100 printable ASCII characters"),
    ),
]
CredentialName = Annotated[
    str,
    Meta(
        pattern=r"^(?!anonymous$)[^+\s]([^+\x00-\x1f\x7f-\x9f\ud800-\udfff]*[^+\s])?$(?!\n)",
        max_length=100,
        extra_json_schema=_described(
            "a name of at most 100 characters, not anonymous and without +"
        ),
    ),
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
Method = Annotated[str, Meta(pattern=rf"^({'|'.join(METHODS)})$(?!\n)")]
RouteName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]+ /[^\s?#\x00-\x1f\x7f-\x9f\ud800-\udfff]*$(?!\n)",
        max_length=1_000,
        extra_json_schema=_described("a method and a path of at most 1000 characters"),
    ),
]
BaseUrl = Annotated[str, Meta(pattern=BASE_PATTERN, max_length=2_000)]
Target = Annotated[str, Meta(pattern=TARGET_PATTERN, max_length=8_000)]
HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$(?!\n)"
HeaderName = Annotated[
    str,
    Meta(
        pattern=HEADER_NAME_PATTERN,
        max_length=200,
        extra_json_schema=_described("the name of a header such as X-Api-Token"),
    ),
]
HEADER_VALUE_PATTERN = r"^([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?$(?!\n)"
HeaderValue = Annotated[str, Meta(pattern=HEADER_VALUE_PATTERN, max_length=4_000)]
HOST_PORT_PATTERN = rf"^(\[[0-9a-fA-F:]+\]|[^\s:/?#@\\\[\]]+):{PORT}$(?!\n)"
HOST_PORT = "HOST:PORT such as 127.0.0.1:8443"
HostPort = Annotated[
    str, Meta(pattern=HOST_PORT_PATTERN, max_length=300, extra_json_schema=_described(HOST_PORT))
]
Destination = Annotated[str, Meta(pattern=rf"^[^\s/?#@\\\[\]]+:{PORT}$(?!\n)", max_length=300)]
"""A host and a port, as `gateway.url.host_of` writes them: IPv6 without brackets."""
# Needs no quoting in a header comment: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.5
_LINK = r"https?://[A-Za-z0-9._~:/?#@!$&*+,=%-]+"
Link = Annotated[
    str,
    Meta(
        pattern=rf"^{_LINK}$(?!\n)",
        max_length=300,
        extra_json_schema=_described("a URL such as https://wiki.example.com/gatewatch"),
    ),
]
Contact = Annotated[
    str,
    Meta(
        pattern=rf"^({_LINK}|[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)$(?!\n)",
        max_length=300,
        extra_json_schema=_described("a URL or a mail address such as api-watch@example.com"),
    ),
]
Status = Annotated[
    int, Meta(ge=100, le=599, extra_json_schema=_described("an HTTP status such as 200"))
]
Count = Annotated[
    int, Meta(ge=1, le=1_000, extra_json_schema=_described("a whole number from 1 to 1000"))
]
AuthMethod = Literal["client_secret_basic", "client_secret_post"]
Pattern = Annotated[
    str,
    Meta(
        pattern=rf"^[^{UNREADABLE[1:]}*$(?!\n)",
        max_length=500,
    ),
]
Authority = Annotated[str, Meta(pattern=r"^[ -~\n]*$", max_length=20_000)]
"""Certificates in PEM form."""
RANGE = "a range of private addresses such as 10.0.0.0/16"
Range = Annotated[str, Meta(max_length=50, extra_json_schema=_described(RANGE))]
Few = Annotated[int, Meta(ge=1, le=99)]
Span = tuple[float, float]
"""The least and the most seconds: no time is zero, and none lasts for ever."""
EVERY: Span = (1.0, 86_400.0)
TIMEOUT: Span = (0.01, 300.0)
WITHIN: Span = (0.001, 300.0)
REMINDER: Span = (300.0, 30 * 86_400.0)
# CloudWatch's shortest and longest mute:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html
WINDOW: Span = (60.0, 15 * 86_400.0)
SETTLES: Span = (1.0, 3_600.0)
ROUNDS: Span = (0.1, 300.0)
DEADLINE: Span = (1.0, 7_200.0)
ESCALATION: Span = (60.0, 7 * 86_400.0)
BEATS: Span = (60.0, 86_400.0)
Every = Annotated[float, Meta(ge=EVERY[0], le=EVERY[1])]
Timeout = Annotated[float, Meta(ge=TIMEOUT[0], le=TIMEOUT[1])]
Within = Annotated[float, Meta(ge=WITHIN[0], le=WITHIN[1])]
Reminder = Annotated[float, Meta(ge=REMINDER[0], le=REMINDER[1])]
Settles = Annotated[float, Meta(ge=SETTLES[0], le=SETTLES[1])]
Rounds = Annotated[float, Meta(ge=ROUNDS[0], le=ROUNDS[1])]
Deadline = Annotated[float, Meta(ge=DEADLINE[0], le=DEADLINE[1])]
Escalation = Annotated[float, Meta(ge=ESCALATION[0], le=ESCALATION[1])]
Beats = Annotated[float, Meta(ge=BEATS[0], le=BEATS[1])]
WindowSeconds = Annotated[float, Meta(ge=WINDOW[0], le=WINDOW[1])]
REGION = r"^[a-z]{2,}(-[a-z]+)+-[0-9]+$(?!\n)"
Region = Annotated[
    str,
    Meta(
        pattern=REGION,
        max_length=40,
        extra_json_schema=_described("an AWS region such as eu-west-1"),
    ),
]
ROLE_ARN_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$(?!\n)"
RoleArn = Annotated[
    str,
    Meta(
        pattern=ROLE_ARN_PATTERN,
        max_length=2_000,
        extra_json_schema=_described(
            "a role such as arn:aws:iam::111122223333:role/gatewatch-caller"
        ),
    ),
]
USERNAME_PATTERN = r"^[^:\x00-\x1f\x7f]+$(?!\n)"
Username = Annotated[
    str,
    Meta(
        pattern=USERNAME_PATTERN,
        max_length=1_000,
        extra_json_schema=_described("a user name without colon (RFC 7617)"),
    ),
]
ApiId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]+$(?!\n)",
        max_length=100,
        extra_json_schema=_described("the id of an API such as abc123"),
    ),
]
TOPIC_PATTERN = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$(?!\n)"
TOPIC = "a topic such as arn:aws:sns:us-east-1:111122223333:on-call"
TopicArn = Annotated[
    str, Meta(pattern=TOPIC_PATTERN, max_length=400, extra_json_schema=_described(TOPIC))
]
CHANNEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,49}$(?!\n)"
ChannelName = Annotated[
    str,
    Meta(
        pattern=CHANNEL_NAME,
        extra_json_schema=_described("a name of 1 to 50 letters, digits, spaces and ._-"),
    ),
]
BUS_PATTERN = (
    r"^(arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/)?[A-Za-z0-9._/-]{1,256}$(?!\n)"
)
BUS = "an event bus by its name, such as default, or by its ARN"
Bus = Annotated[str, Meta(pattern=BUS_PATTERN, max_length=400, extra_json_schema=_described(BUS))]
SourceId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,100}$(?!\n)",
        extra_json_schema=_described("the id of an alert source such as 01HZX3V7Q0"),
    ),
]
Template = Annotated[str, Meta(max_length=20_000)]
"""A template of Jinja2 that makes a message's body."""
CRON_LINE = 'five fields of cron, such as "0 2 * * SUN": minute, hour, day, month, day of the week'
CronLine = Annotated[str, Meta(max_length=500, extra_json_schema=_described(CRON_LINE))]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$(?!\n)",
        extra_json_schema=_described("a moment such as 2026-12-01T02:00"),
    ),
]
TimeZone = Annotated[
    str, Meta(max_length=100, extra_json_schema=_described("a time zone such as Europe/Berlin"))
]


def _id(kind: str, example: str) -> Meta:
    return Meta(
        pattern=rf"^{kind}-[0-9a-f]{{8,17}}$(?!\n)",
        extra_json_schema=_described(f"an id such as {example}"),
    )


SubnetId = Annotated[str, _id("subnet", "subnet-0a1b2c3d4e5f67890")]
SecurityGroupId = Annotated[str, _id("sg", "sg-0a1b2c3d4e5f67890")]
# https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
MOST_WINDOWS = 100
MOST_CHANNELS = 50
