"""The table of three faces, third part: audits."""

from tests.three_faces import SIGNED, Face

AUDITS = (
    Face("audits", "/audits", "/audits", "audit list"),
    Face("what calls for an audit", "/audits", "/audit-suggestions", "audit suggestions"),
    Face("what an audit would look at", "/audits/plan", "POST /audit-previews", "audit plan"),
    Face("an audit is planned", "POST /audits", "POST /audits", "audit plan"),
    Face("an audit", "/audits/{key}", "/audits/{key}", "audit show"),
    Face("it begins", "POST /audits/{key}/start", "POST /audit-starts", "audit start"),
    Face("it is given up", "POST /audits/{key}/cancel", "POST /audit-cancellations", "audit cancel"),
    Face(
        "a box while it is counted",
        "/audits/{key}/boxes/{code}, /audits/{key}/count/map",
        "/audits/{key}/boxes/{code}",
        "audit box",
    ),
    Face("a box is counted", "POST /audits/{key}/count/scans", "POST /audit-counts", "audit count"),
    Face(
        "boxes by files of racks",
        "/audits/{key}/files, POST /audits/{key}/files",
        "POST /audit-rack-files",
        "audit count-file",
    ),
    Face("sheets to count on", "/audits/{key}/sheet.pdf", "/audits/{key}/sheet.pdf", "audit sheet"),
    Face(
        "a box from its sheet",
        "/audits/{key}/paper, POST /audits/{key}/paper, POST /audits/{key}/paper/look,"
        " POST /audits/{key}/paper/scans",
        "POST /audit-papers",
        "audit paper",
    ),
    Face(
        "what an audit found",
        "/audits/{key}/findings, /audits/{key}/findings.csv",
        "/audits/{key}/findings, /audits/{key}/findings.csv, /audits/{key}/findings.xlsx",
        "audit findings",
    ),
    Face("findings are decided", "POST /audits/{key}/decisions", "POST /audit-decisions", "audit decide"),
    Face(
        "findings are entrusted", "POST /audits/{key}/decisions", "POST /audit-entrustings", "audit entrust"
    ),
    Face("findings with somebody", "/audits/entrusted", "/audit-entrustings", "audit entrusted"),
    Face(
        "who performed it signs",
        "/audits/{key}/sign, POST /audits/{key}/sign",
        "POST /audit-performances",
        "",
        SIGNED,
    ),
    Face("who reviewed it signs", "POST /audits/{key}/sign", "POST /audit-reviews", "", SIGNED),
    Face(
        "its certificate",
        "/audits/{key}/certificate.pdf",
        "/audits/{key}/certificate.pdf",
        "audit certificate",
    ),
    Face("missing tubes", "/missing", "/missing, /missing.csv, /missing.xlsx", "audit missing"),
    Face("error rates over time", "/audits/trend", "/audit-trends", "audit trend"),
    Face(
        "how much was verified",
        "/coverage, /coverage/{code}",
        "/containers/{code}/coverage",
        "audit coverage",
    ),
)
