"""The chain tables: which sources they read, which indicators they compute, which published figures stand beside."""
