"""The wordings that tell errors apart where names and statuses do not, in English and Chinese, as regular expressions.

They ignore case. This module is data; what a wording means is in the table of `error_rules`.
"""

from __future__ import annotations

SIGNATURE = (
    r"(?:thought|thinking|reasoning)[ _-]?signature|\bsignatures?\b.{0,40}\b(?:thoughts?|thinking|parts?|content)"
    r"|\b(?:verify|validate|invalid|missing|corrupt\w*)\b.{0,30}\bsignature"
)
DEADLINE = r"deadline|time[ds]?[ -]?out|超时|超時"
# The connection was lost after the request was on its way, and before: only the first may have been charged.
LOST = (
    r"socket closed|broken pipe|bad gateway|\beof\b|rst_stream|stream (?:was )?(?:reset|closed|terminated)"
    r"|\bconnections?\b[^.;]{0,60}\b(?:reset|closed|terminated|termination|aborted|dropped|lost|broken|interrupted)"
    r"|\b(?:reset|closed|dropped) by (?:the )?(?:peer|server|upstream|remote)|\bdisconnect(?:ed|ion)?\b"
    r"|连接(?:已)?(?:被)?(?:断开|重置|关闭|中断)"
)
NOT_CONNECTED = (
    r"connection (?:was )?refused|(?:could|can) ?not connect|failed to connect|no route to host|no healthy upstream"
    r"|connection failure|connect(?:ion)? timeout|name (?:or service not known|resolution)|econnrefused|enotfound"
    r"|连接被拒绝"
)
MODERATION = (
    r"\bmoderat(?:ion|ed|or)\b|\bflagged\b|\b(?:content|usage|safety|use) polic(?:y|ies)|\bviolat\w+\b"
    r"|\bsafety (?:system|filter|reason)|\b(?:inappropriate|sensitive|prohibited|unsafe|harmful) (?:content|words?)"
    r"|\bnsfw\b|违规|違規|敏感(?:词|詞|内容)|内容(?:审核|安全)"
)
ACCOUNT = r"\b(?:account|organi[sz]ation|project|key)\b.{0,60}\b(?:suspend|disabl|bann|block|deactivat|restrict)"
KEY = r"api.?key (?:is )?(?:not valid|invalid|expired|not found)"
KEY_IN_200 = (
    rf"{KEY}|\b(?:invalid|wrong|expired|incorrect) (?:api.?)?(?:key|token)"
    r"|(?:令牌|密钥|key) ?(?:无效|已过期|错误)"
)
FREQUENT = r"rate.?limit|too many requests|too (?:fast|frequent)|请求过?于?频繁|频繁|限流"
MONEY = (
    r"insufficient[ _](?:\w+[ _])?(?:quota|balance|credits?|funds)|credit balance|余额|餘額|欠费"
    r"|\bno (?:remaining |more |available )?credits?\b"
    r"(?! (?:\w+ ){0,2}(?:charged|billed|deducted|debited|consumed|used|taken|spent))"
    r"|\b(?:credits?|funds)\b.{0,30}\b(?:depleted|exhausted|used up|run out|ran out|too low|expired)"
    r"|out of (?:credits?|funds)|\bwallet\b.{0,20}\bempty"
)
BALANCE = (
    rf"{MONEY}|\b(?:balance|wallet)\b|prepa(?:id|y)|spend(?:ing)?[ -](?:cap|limit)"
    r"|budget|hard limit|top[ -]?up|not enough|额度|充值"
)
PERIOD = (
    r"per[ _-]?(?:hour|day|week|month)|hourly|daily|weekly|monthly|(?:for|of) (?:the|this) (?:day|month)|tomorrow"
    r"|regain access"
    r"|\brpd\b|midnight|next (?:day|week|month)|billing (?:cycle|period)"
    r"|\b(?:resets?|renews?|refreshes|refills?|replenish\w*)\b[^.;]{0,12}"
    r"\b(?:(?:at|on)\b|in \d+ ?(?:h|d)|every (?:day|week|month))"
    r"|quota\b.{0,20}\b(?:used up|depleted)|每日|每天|每月|今日|明天|配额已?(?:用完|用尽|耗尽)"
)
MINUTE = r"per[ _-]?(?:minute|second)|\brpm\b|\btpm\b|每分钟|每秒"
# The words of the relay's distributor itself, and such that others may use as well.
DISTRIBUTOR = (
    r"\bdistributor\b|no available channels?\b|channels?\b.{0,60}\bunder (?:the )?group"
    r"|(?:无|無)可用(?:的)?(?:渠道|通道)"
)
NO_CHANNEL = (
    r"\bno (?:\w+ ){0,2}channels?\b|\bchannels?\b.{0,40}\b(?:not (?:found|available)|unavailable)"
    r"|failed to (?:get|select|find) (?:an? )?(?:available )?channel"
    r"|(?:无|無|没有|沒有|找不到|未找到|暂无|暫無)[^。、]{0,6}(?:渠道|通道|频道)|可用(?:的)?(?:渠道|通道)(?:失败|失敗|不存在|为空)"
)
OVERLOAD = (
    r"overload|capacity|too many requests|high (?:demand|load|traffic)|(?:is|are|too|currently) busy"
    r"|no healthy upstream|负载|負載|繁忙|过载|過載|饱和|拥挤|高峰"
)
WEB_SERVER = r"<hr>\s*<center>|<address>\s*apache|\b(?:nginx|openresty|tengine|haproxy|varnish|caddy)\b"
