"""The doors: from the hub to the wire, and the admin's way in. The only room that knows HTTP."""
