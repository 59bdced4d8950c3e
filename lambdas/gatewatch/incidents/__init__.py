"""From verdicts to incidents, and from incidents to announcements."""
