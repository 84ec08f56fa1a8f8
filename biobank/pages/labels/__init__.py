"""Labels on their pages: looked at, printed, scanned on their tubes, replaced; stocks and layouts."""

from biobank.pages.labels import choosing, jobs, replacing, stocks, waiting

HANDLERS = [*choosing.HANDLERS, *jobs.HANDLERS, *waiting.HANDLERS, *replacing.HANDLERS, *stocks.HANDLERS]
