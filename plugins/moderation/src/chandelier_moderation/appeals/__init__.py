"""Appeals: a member asks by the button in the direct message, staff decides, the member is told."""
