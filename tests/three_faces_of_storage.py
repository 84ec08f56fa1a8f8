"""The table of three faces, second half: tubes, places, the bench, labels."""

from tests.three_faces import DEVICE, GESTURE, PART, SHELL, SIGNED, Face

PICTURE = "it is a picture to look at"

TUBES = (
    Face("home", "/, /home/freezers", "", "", "lists that have rows of their own, with how long each is"),
    Face("a code is found", "/find", "/find", "find"),
    Face(
        "many codes are found",
        "/find/list, POST /find/list, POST /find/list/file",
        "POST /find-lists, POST /find-lists.csv, POST /find-lists.xlsx",
        "find",
    ),
    Face("the tree of a tube", "/specimens/{code}", "/specimens/{code}/tree", "family"),
    Face("a chain is proved", "/specimens/{code}", "/specimens/{code}/chain", "chain"),
    Face("what happened at a visit", "/visits/{code}", "/log/visits/{code}", "log"),
    Face(
        "what happened to a participant",
        "/studies/{study}/participants/{pseudonym}",
        "/log/participants/{study}/{pseudonym}",
        "log",
    ),
    Face("a tube", "/specimens/{code}", "/specimens/{code}", "find"),
    Face("what was made of a tube", "/specimens/{code}", "/specimens/{code}/family", "family"),
    Face(
        "what happened to a tube",
        "/specimens/{code}, /specimens/{code}/timeline/file",
        "/specimens/{code}/history",
        "history",
    ),
    Face(
        "specimens",
        "/specimens, /specimens/file, /studies/{study}/specimens, /studies/{study}/specimens/file",
        "/specimens, /specimens.csv, /specimens.xlsx",
        "specimens",
    ),
    Face("the log", "/log, /log/file", "/log, /log.csv, /log.xlsx", "log"),
    Face(
        "tubes are taken out",
        "POST /specimens/{code}/take-out, POST /find/list/take-out",
        "POST /takings",
        "take",
    ),
    Face("tubes come back", "POST /specimens/{code}/bring-back", "POST /returns", "back"),
    Face("what is out", "/out, /out/file", "/out, /out.csv, /out.xlsx", "out"),
    Face("a tube is discarded", "/bench/discard, POST /bench/discards", "POST /discards", "", SIGNED),
    Face("tasks", "/tasks", "/tasks", "task list"),
    Face("a task", "/tasks/{task}/settling", "/tasks/{task}", "task show"),
    Face("how many tasks", "/tasks", "/tasks/counts", "task counts"),
    Face("a task is closed", "POST /tasks/{task}/close", "POST /task-closings", "task close"),
    Face("a dispute is settled", "POST /tasks/{task}/settling", "POST /settlements", "late settle"),
    Face("late scans", "POST /bench/late", "POST /late-scans", "late import"),
    Face("what I did last", "/bench", "/acts", "acts"),
    Face("an act is undone", "POST /bench/scans", "POST /undoings", "undo"),
)

STORAGE = (
    Face("freezers", "/storage", "/containers", "container list"),
    Face("a freezer with all in it", "POST /storage/freezers", "POST /freezers", "freezer create"),
    Face("types", "/storage/types", "/container-types", "container-type list"),
    Face("a type", "POST /storage/types", "POST /container-types", "container-type add"),
    Face("a map", "/containers/{code}", "/containers/{code}, /containers/{code}/classes", "map"),
    Face(
        "what stands in it",
        "/containers/{code}",
        "/containers/{code}/contents, /containers/{code}/tree",
        "container list",
    ),
    Face(
        "where sought tubes are",
        "/storage, /containers/{code}",
        "/container-matches, /containers/{code}/matches",
        "specimens",
    ),
    Face(
        "tubes in it",
        "/containers/{code}/tubes, /containers/{code}/tubes/file",
        "/containers/{code}/tubes, /containers/{code}/tubes.csv, /containers/{code}/tubes.xlsx,"
        " /containers/{code}/count",
        "inside",
    ),
    Face("how it is set up", "/containers/{code}/settings", "/containers/{code}/settings", "container show"),
    Face(
        "a container",
        "/containers/{code}/new, POST /containers/{code}/new",
        "POST /containers, POST /containers/bulk",
        "container make",
    ),
    Face("a container is moved", "POST /containers/{code}/move", "POST /container-moves", "container move"),
    Face(
        "a container is changed",
        "POST /containers/{code}/settings/{what}",
        "POST /container-names, POST /container-barcodes, POST /container-temperatures,"
        " POST /container-limits, POST /container-blocks, POST /container-unblocks,"
        " POST /container-retypings, POST /container-retirements",
        "container rename, container barcode, container temperature, container limit, container block,"
        " container retype, container retire",
    ),
    Face("tubes into a box", "POST /bench/scans", "POST /moves", "store"),
    Face("many tubes away", "POST /storage/fillings", "POST /fillings", "plan fill"),
    Face("where tubes would go", "/storage/plan", "POST /filling-previews", "plan show"),
    Face("a plan is kept", "POST /storage/plans", "POST /plans", "plan keep"),
    Face("a plan is carried out", "POST /storage/plans/{plan}/carry", "POST /plan-carryings", "plan carry"),
    Face("room", "/storage/room", "POST /room-searches", "room find"),
    Face("slots are reserved", "POST /storage/reservations", "POST /reservations", "room reserve"),
    Face("reservations", "/storage/plans", "/reservations", "room list"),
    Face("a reservation", "/storage/plans/{plan}", "/reservations/{plan}", "room show"),
    Face(
        "kept longer", "POST /storage/plans/{plan}/prolong", "POST /reservation-prolongings", "room prolong"
    ),
    Face("given up", "POST /storage/plans/{plan}/release", "POST /reservation-releases", "room release"),
    Face("how full it is", "/capacity", "/capacity", "capacity show"),
    Face("when it runs out", "/capacity", "/capacity/forecast", "capacity forecast"),
    Face("how boxes come free", "/capacity", "POST /gap-previews", "capacity gaps"),
    Face("and kept as a plan", "POST /capacity/gaps", "POST /gap-plans", "capacity gaps"),
    Face("tubes change places", "POST /bench/scans", "POST /rearrangements", "rearrange"),
    Face(
        "how a spilled box was",
        "/boxes/{code}/reseat, POST /boxes/{code}/reseat/scans",
        "POST /reseating-previews",
        "reseat",
    ),
    Face("a spilled box is seated", "POST /boxes/{code}/reseat", "POST /reseatings", "reseat"),
    Face("evacuations", "/evacuations", "/evacuations", "evacuation list"),
    Face(
        "an evacuation",
        "/evacuations/{key}, /evacuations/{key}/steps",
        "/evacuations/{key}",
        "evacuation show",
    ),
    Face("a container is emptied", "POST /evacuations", "POST /evacuations", "evacuation plan"),
    Face("carried", "POST /evacuations/{key}/scans", "POST /evacuation-carryings", "evacuation carry"),
    Face("the way back", "POST /evacuations/{key}/turn-back", "POST /evacuation-returns", "evacuation back"),
    Face("it is over", "POST /evacuations/{key}/close", "POST /evacuation-closings", "evacuation close"),
    Face("files of racks", "/rack-files", "/rack-files", "rack waiting"),
    Face(
        "a file of a rack",
        "/boxes/{code}/file",
        "/rack-files/{file}, /rack-files/{file}/content",
        "rack show",
    ),
    Face("a file is kept", "POST /boxes/{code}/file", "POST /rack-files", "rack keep, rack watch"),
    Face("how a file is read", "/boxes/{code}/file", "/rack-files/{file}/verdict", "rack read, rack check"),
    Face("wells by hand", "POST /boxes/{code}/file/scans", "", "", GESTURE),
    Face(
        "wells are confirmed", "POST /boxes/{code}/file/confirm", "POST /rack-confirmations", "rack confirm"
    ),
    Face(
        "new tubes of a rack", "POST /boxes/{code}/file/register", "POST /rack-registrations", "rack register"
    ),
    Face(
        "a file is set aside",
        "POST /boxes/{code}/file/set-aside",
        "POST /rack-files-set-aside",
        "rack set-aside",
    ),
)

BENCH = (
    Face("the bench", "/bench, POST /bench/scans", "", "", GESTURE),
    Face("a bench locks", "/bench/locked, POST /bench/lock, /bench/pin, POST /bench/badge", "", "", DEVICE),
    Face("maps beside the bench", "/bench/map, /bench/maps/{code}", "", "", PART),
    Face("tubes that look alike", "/bench/alike", "", "", PART),
    Face("without the network", "/bench-worker.js, /bench/last", "", "", DEVICE),
    Face("command cards", "/bench/cards", "/command-cards.pdf", "cards"),
)

LABELS = (
    Face(
        "labels",
        "/labels/print, POST /labels/print, POST /labels",
        "POST /labels, POST /container-labels",
        "label print",
    ),
    Face(
        "how a label will be",
        "POST /labels/print/look, /specimens/{code}/label",
        "POST /label-previews, POST /label-previews/picture",
        "label preview",
    ),
    Face("labels of cards", "/labels/print", "POST /card-labels", "label cards"),
    Face("a label of a request", "", "POST /request-labels", "label request", "requests have no pages"),
    Face("labels to apply", "/labels/waiting", "/waiting-labels", "label waiting"),
    Face(
        "labels are on",
        "POST /labels/scans, POST /specimens/{code}/label/scans",
        "POST /label-applications",
        "label apply",
    ),
    Face("labels are no more", "POST /labels/void", "POST /label-voids", "label void"),
    Face("how many there are", "/specimens/{code}/label", "/label-copies", "label copies"),
    Face("a label is replaced", "POST /specimens/{code}/label", "POST /label-replacements", "label replace"),
    Face("print jobs", "/labels/jobs", "/print-jobs", "label job list"),
    Face("a print job", "/labels/jobs/{job}", "/print-jobs/{job}", "label job show"),
    Face("its labels", "/labels/jobs/{job}/pdf", "/print-jobs/{job}/document", "label job pdf"),
    Face(
        "its list", "/labels/jobs/{job}/inventory", "/print-jobs/{job}/inventory.pdf", "label job inventory"
    ),
    Face("how far it came", "POST /labels/jobs/{job}/answer", "POST /print-job-answers", "label job answer"),
    Face("printed on", "POST /labels/jobs/{job}/retry", "POST /print-job-retries", "label job retry"),
    Face("stopped", "POST /labels/jobs/{job}/stop", "POST /print-job-stops", "label job stop"),
    Face("never printed", "POST /labels/jobs/{job}/void", "POST /print-job-voids", "label job void"),
    Face("stocks", "/labels/stocks", "/label-stocks", "label stock list"),
    Face("a stock", "/labels/stocks/{code}, /labels/stocks/new", "/label-stocks/{code}", "label stock show"),
    Face("a stock is kept", "POST /labels/stocks", "POST /label-stocks", "label stock add"),
    Face(
        "a stock is measured anew", "POST /labels/stocks", "POST /label-stock-changes", "label stock change"
    ),
    Face("a stock as it would be", "POST /labels/stocks/look", "", "", PICTURE),
    Face("a stock no more", "POST /labels/stocks/{code}/end", "POST /label-stock-ends", "label stock end"),
    Face("its ruler", "/labels/stocks/{code}/ruler", "/label-stocks/{code}/ruler.pdf", "label stock ruler"),
    Face("layouts", "/labels/layouts", "/label-layouts", "label layout list"),
    Face("a layout", "/labels/layouts/{code}", "/label-layouts/{code}", "label layout show"),
    Face("a layout is kept", "POST /labels/layouts", "POST /label-layouts", "label layout add"),
    Face("a layout is changed", "POST /labels/layouts", "POST /label-layout-changes", "label layout change"),
    Face("a layout as it would be", "POST /labels/layouts/{code}/look", "", "", PICTURE),
    Face(
        "a layout no more", "POST /labels/layouts/{code}/end", "POST /label-layout-ends", "label layout end"
    ),
    Face("printers", "/printers", "/printers", "printer list"),
    Face("a printer", "POST /printers", "POST /printers", "printer add"),
    Face("a printer is changed", "POST /printers/{printer}", "POST /printer-changes", "printer change"),
    Face(
        "a printer is calibrated",
        "POST /printers/{printer}/offset",
        "POST /printer-calibrations",
        "printer calibrate",
    ),
    Face("a printer no more", "POST /printers/{printer}/end", "POST /printer-ends", "printer end"),
    Face("a page to test a printer by", "POST /printers/test", "POST /card-labels", "label cards"),
)

MACHINE = (
    Face("it lives", "/healthz, /readyz", "", "", "asked by the machine that runs it"),
    Face("files of pages", "/static/{file_path}", "", "", PART),
    Face(
        "what the API is",
        "",
        "/schema, /schema/openapi.json, /schema/{path}",
        "",
        "a document for who writes programs",
    ),
    Face("a biobank begins", "", "", "init, migrate, demo, serve", SHELL),
    Face("all is proved", "", "", "check", SHELL),
    Face("words complete", "", "", "completion", DEVICE),
)
