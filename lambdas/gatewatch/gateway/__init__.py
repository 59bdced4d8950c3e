"""Pure knowledge of API Gateway and its neighbours: how URLs, answers and denials are made."""
