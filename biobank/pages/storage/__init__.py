"""Pages of containers: maps, rooms, moves of whole boxes and racks, what is out."""
