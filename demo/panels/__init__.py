"""What each part of the page looks like: from a visit to HTML, without side effects.

One file a panel. Nothing here handles events (`demo.actions` does) or computes (`film_core` does).
Every text comes from the visit's language and everything a visitor wrote is escaped.
"""
